import { expect, test } from "vitest";
import { createFormats } from "./format";

const english = createFormats("en", "N/A", "America/Los_Angeles");

test("moments are written as the guide writes them, in the reader's zone", () => {
  expect(english.moment(Date.UTC(2021, 9, 4, 20, 5, 6) / 1000)).toBe("October 04, 2021 at 13:05:06 (UTC-07:00)");
});

test("Greenwich is UTC and midnight is hour 00", () => {
  const utc = createFormats("en", "N/A", "UTC");
  expect(utc.moment(0)).toBe("January 01, 1970 at 00:00:00 (UTC)");
});

test("scores have three decimals, and none before a training ended", () => {
  expect(english.score(0.9)).toBe("0.900");
  expect(english.score(null)).toBe("N/A");
  expect(createFormats("pt-BR", "N/D").score(0.5)).toBe("0,500");
});

test("durations name their two largest units", () => {
  expect([0, 65, 3723].map(english.duration)).toEqual(["0 s", "1 min 5 s", "1 h 2 min"]);
});

test("bytes are counted in thousands", () => {
  expect(english.bytes(4_200_000)).toBe("4.2 MB");
  expect(english.bytes(12)).toBe("12 byte");
});
