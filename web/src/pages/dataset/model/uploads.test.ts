import { describe, expect, it } from "vitest";
import { readPicture } from "./imageHeader";
import { asFolder, parseS3 } from "./s3";
import { folderLabel, isClutter, keyOf, MAXIMUM_FILE_BYTES, numbered, type Picked, refusalOf } from "./uploads";

const png = (width: number, height: number): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(33);
  bytes.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]);
  new DataView(bytes.buffer).setUint32(16, width);
  new DataView(bytes.buffer).setUint32(20, height);
  return bytes;
};
const jpeg = (width: number, height: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array([
    ...[0xff, 0xd8, 0xff, 0xe1, 0x00, 0x04, 0x01, 0x02], // an application segment of two bytes
    ...[0xff, 0xff, 0xc2, 0x00, 0x11, 0x08, height >> 8, height & 255, width >> 8, width & 255, 3, 0, 0],
  ]);
const picked = (...paths: string[]): Picked[] => paths.map((path) => ({ file: new File([], path), path }));

describe("readPicture", () => {
  it("reads the size of PNG and JPEG", () => {
    expect(readPicture(png(640, 480))).toEqual({ format: "PNG", size: { width: 640, height: 480 } });
    expect(readPicture(jpeg(4096, 300))).toEqual({ format: "JPEG", size: { width: 4096, height: 300 } });
  });

  it("reads nothing else, however it is cut", () => {
    expect(readPicture(new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg"></svg>'))).toBeNull();
    const whole = jpeg(100, 100);
    for (let length = 0; length < 17; length++) expect(readPicture(whole.slice(0, length))).toBeNull();
    for (let length = 0; length < 24; length++) expect(readPicture(png(9, 9).slice(0, length))).toBeNull();
  });
});

describe("refusalOf", () => {
  it.each([
    [png(64, 4096), "ratio"],
    [png(64, 64), null],
    [png(63, 100), "side"],
    [jpeg(4097, 400), "side"],
    [jpeg(2000, 101), null],
    [new Uint8Array([1, 2, 3]), "format"],
  ])("%#", async (bytes, refusal) => {
    expect(await refusalOf(new File([bytes], "a.png"))).toBe(refusal);
  });

  it("refuses files over 15 MB without reading them", async () => {
    const file = new File([], "a.png");
    Object.defineProperty(file, "size", { value: MAXIMUM_FILE_BYTES + 1 });
    expect(await refusalOf(file)).toBe("bytes");
  });
});

describe("names", () => {
  it("stay below the prefix", () => {
    expect(keyOf("assets/p/", "folder/a b.png")).toBe("assets/p/folder/a b.png");
    expect(keyOf("assets/p/", "../../a.png")).toBe("assets/p/a.png");
    expect(keyOf("p/", "/./a//b.png")).toBe("p/a/b.png");
    expect(new TextEncoder().encode(keyOf("p/", `${"ä".repeat(900)}.png`)).length).toBeLessThanOrEqual(1024);
    expect(keyOf("p/", `${"ä".repeat(900)}.png`).endsWith("ä.png")).toBe(true);
  });

  it("are numbered before their extension", () => {
    expect(numbered("a/b.c/pic.tar.png", 2)).toBe("a/b.c/pic.tar (2).png");
    expect(numbered("a.b/pic", 3)).toBe("a.b/pic (3)");
    expect(numbered("a/.png", 2)).toBe("a/.png (2)");
  });

  it("of clutter are known", () => {
    expect([".DS_Store", "a/.hidden.png", "Thumbs.db", "__MACOSX/a.png", "a.png"].map(isClutter)).toEqual([
      true,
      true,
      true,
      true,
      false,
    ]);
  });
});

describe("folderLabel (D-7)", () => {
  it("is the folder below the dropped one, however deep the picture lies", () => {
    const dropped = picked("devices/echo/1.png", "devices/echo-dot/white/2.png", "devices/3.png");
    expect(dropped.map(({ path }) => folderLabel(path, dropped))).toEqual(["echo", "echo-dot", null]);
  });

  it("is the dropped folder itself where several were dropped, or one of pictures alone", () => {
    const several = picked("echo/1.png", "dot/2.png", "3.png");
    expect(several.map(({ path }) => folderLabel(path, several))).toEqual(["echo", "dot", null]);
    const one = picked("echo/1.png", "echo/2.png");
    expect(one.map(({ path }) => folderLabel(path, one))).toEqual(["echo", "echo"]);
  });

  it("is nothing for single files", () => {
    const files = picked("1.png", "2.png");
    expect(files.map(({ path }) => folderLabel(path, files))).toEqual([null, null]);
  });
});

it("reads addresses of S3", () => {
  expect(parseS3(" s3://bucket/a/b c ")).toEqual({ bucket: "bucket", key: "a/b c" });
  expect(parseS3("s3://bucket")).toEqual({ bucket: "bucket", key: "" });
  expect([parseS3("https://bucket/a"), parseS3("s3://"), parseS3("bucket/a")]).toEqual([null, null, null]);
  expect([asFolder("s3://b/a"), asFolder("s3://b/a/")]).toEqual(["s3://b/a/", "s3://b/a/"]);
});
