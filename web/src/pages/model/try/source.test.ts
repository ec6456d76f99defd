import { expect, test } from "vitest";
import { isPicture, parseUri } from "./source";

test("an S3 URI has a bucket and a key, and the key may hold anything", () => {
  expect(parseUri(" s3://photos/a/b c?.jpg ")).toEqual({ bucket: "photos", objectKey: "a/b c?.jpg" });
  expect(["s3://photos", "s3://photos/", "http://photos/a", ""].map(parseUri)).toEqual([null, null, null, null]);
});

test("what a file is, its first bytes say", async () => {
  expect(await isPicture(new Blob([new Uint8Array([0xff, 0xd8, 0xff, 0xe0])]))).toBe(true);
  expect(await isPicture(new Blob([new Uint8Array([0x89, 0x50, 0x4e, 0x47])]))).toBe(true);
  expect(await isPicture(new Blob(["<svg/>"], { type: "image/png" }))).toBe(false);
  expect(await isPicture(new Blob([]))).toBe(false);
});
