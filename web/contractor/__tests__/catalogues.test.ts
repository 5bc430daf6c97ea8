import { expectSameCatalogues } from "../../shared/__tests__/catalogues";
import { en } from "../en";
import { en as enAttendance } from "../en.attendance";
import { en as enBank } from "../en.bank";
import { en as enPeople } from "../en.people";
import { en as enSheets } from "../en.sheets";
import { zh } from "../zh";
import { zh as zhAttendance } from "../zh.attendance";
import { zh as zhBank } from "../zh.bank";
import { zh as zhPeople } from "../zh.people";
import { zh as zhSheets } from "../zh.sheets";

expectSameCatalogues(zh, en);
expectSameCatalogues(zhPeople, enPeople);
expectSameCatalogues(zhAttendance, enAttendance);
expectSameCatalogues(zhSheets, enSheets);
expectSameCatalogues(zhBank, enBank);
