import { expect, test } from "vitest";

import { ApiProblem, NoAnswer } from "../../shared/api";
import { outcomeOf } from "../outbox";

const problem = (status: number): ApiProblem => new ApiProblem(status, "title", "detail");

test.each([400, 403, 404, 409, 410, 422])("%d is final, with the server's sentence", (status) => {
  expect(outcomeOf(problem(status))).toEqual({ state: "refused", refusal: "detail" });
});

test.each([408, 425, 429, 500, 502, 503])("after %d the word stays", (status) => {
  expect(outcomeOf(problem(status))).toBeNull();
});

test("without an answer the word stays", () => expect(outcomeOf(new NoAnswer())).toBeNull());

test("a mistake of ours is not hidden", () => expect(() => outcomeOf(new TypeError())).toThrow(TypeError));
