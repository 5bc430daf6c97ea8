import { expectSameCatalogues } from "../../shared/__tests__/catalogues";
import { en } from "../en";
import { en as enPeople } from "../en.people";
import { zh } from "../zh";
import { zh as zhPeople } from "../zh.people";

expectSameCatalogues(zh, en);
expectSameCatalogues(zhPeople, enPeople);
