import { expectSameCatalogues } from "../../shared/__tests__/catalogues";
import { en } from "../en";
import { en as enAttendance } from "../en.attendance";
import { en as enPeople } from "../en.people";
import { zh } from "../zh";
import { zh as zhAttendance } from "../zh.attendance";
import { zh as zhPeople } from "../zh.people";

expectSameCatalogues(zh, en);
expectSameCatalogues(zhPeople, enPeople);
expectSameCatalogues(zhAttendance, enAttendance);
