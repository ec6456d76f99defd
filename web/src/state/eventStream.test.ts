import { expect, test } from "vitest";
import { EventParser } from "./eventStream";

const TEXT = 'event: snapshot\ndata: {"a":\ndata: 1}\n\n: comment\n\nevent: ping\ndata: {}\n\n';
const EVENTS = [
  { name: "snapshot", data: '{"a":\n1}' },
  { name: "ping", data: "{}" },
];

test("events come whole, however the stream is cut", () => {
  for (let size = 1; size <= TEXT.length; size++) {
    const parser = new EventParser();
    const events = [];
    for (let at = 0; at < TEXT.length; at += size) events.push(...parser.push(TEXT.slice(at, at + size)));
    expect(events).toEqual(EVENTS);
  }
});

test("what is cut off at the end is kept back", () => {
  expect(new EventParser().push("event: ping\ndata: {}\n")).toEqual([]);
});

test("an event without data is not an event, one without a name is a message", () => {
  expect(new EventParser().push("event: ping\n\ndata: x\n\n")).toEqual([{ name: "message", data: "x" }]);
});
