import { expectSameCatalogues } from "../../__tests__/catalogues";
import { en } from "../en";
import { zh } from "../zh";

expectSameCatalogues(zh, en);
