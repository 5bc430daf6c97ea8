import { expectSameCatalogues } from "../../shared/__tests__/catalogues";
import { en } from "../en";
import { en as enKeep } from "../en.keep";
import { en as enPayslip } from "../en.payslip";
import { en as enPunch } from "../en.punch";
import { en as enRecord } from "../en.record";
import { zh } from "../zh";
import { zh as zhKeep } from "../zh.keep";
import { zh as zhPayslip } from "../zh.payslip";
import { zh as zhPunch } from "../zh.punch";
import { zh as zhRecord } from "../zh.record";

expectSameCatalogues(zh, en);
expectSameCatalogues(zhPunch, enPunch);
expectSameCatalogues(zhRecord, enRecord);
expectSameCatalogues(zhPayslip, enPayslip);
expectSameCatalogues(zhKeep, enKeep);
