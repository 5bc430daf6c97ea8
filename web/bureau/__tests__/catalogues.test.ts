import { expectSameCatalogues } from "../../shared/__tests__/catalogues";
import { en } from "../en";
import { en as enDesk } from "../en.desk";
import { zh } from "../zh";
import { zh as zhDesk } from "../zh.desk";

expectSameCatalogues(zh, en);
expectSameCatalogues(zhDesk, enDesk);
