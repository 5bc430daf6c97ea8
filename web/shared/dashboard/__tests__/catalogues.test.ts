import { expectSameCatalogues } from "../../__tests__/catalogues";
import { en } from "../en";
import { en as enKinds } from "../en.kinds";
import { en as enOffice } from "../en.office";
import { zh } from "../zh";
import { zh as zhKinds } from "../zh.kinds";
import { zh as zhOffice } from "../zh.office";

expectSameCatalogues(zh, en);
expectSameCatalogues(zhKinds, enKinds);
expectSameCatalogues(zhOffice, enOffice);
