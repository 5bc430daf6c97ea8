import { expectSameCatalogues } from "../../shared/__tests__/catalogues";
import { en } from "../en";
import { en as enPunch } from "../en.punch";
import { zh } from "../zh";
import { zh as zhPunch } from "../zh.punch";

expectSameCatalogues(zh, en);
expectSameCatalogues(zhPunch, enPunch);
