import { expect, it } from "vitest";
import { EMPTY_SOURCE, sourceProblem } from "./source";

it.each([
  [{ kind: "s3", folder: "s3://bucket/a" }, null],
  [{ kind: "s3", folder: "s3://bucket" }, null],
  [{ kind: "s3", folder: "bucket/a", manifest: "s3://bucket/a.manifest" }, "folder"],
  [{ kind: "upload" }, null],
  [{ kind: "copy" }, "copied"],
  [{ kind: "copy", copied: { value: "arn", label: "name" } }, null],
  [{ kind: "manifest", manifest: "s3://bucket/a.manifest" }, null],
  [{ kind: "manifest", manifest: "s3://bucket/" }, "manifest"],
  [{ kind: "manifest", manifest: "s3://bucket/folder/" }, "manifest"],
] as const)("%o", (source, problem) => {
  expect(sourceProblem({ ...EMPTY_SOURCE, ...source })).toBe(problem);
});
