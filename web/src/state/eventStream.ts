/** One server-sent event: its name and the text of its data. */
export interface ServerEvent {
  name: string;
  data: string;
}

/** Takes pieces of a text/event-stream in any cut and gives whole events back. */
export class EventParser {
  #rest = "";

  push(piece: string): ServerEvent[] {
    const frames = (this.#rest + piece.replaceAll("\r\n", "\n")).split("\n\n");
    this.#rest = frames.pop() ?? "";
    return frames.map(parseFrame).filter((event) => event !== null);
  }
}

function parseFrame(frame: string): ServerEvent | null {
  let name = "message";
  const data: string[] = [];
  for (const line of frame.split("\n")) {
    const colon = line.indexOf(":");
    if (colon === 0) continue; // a comment, sent to keep the connection open
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") name = value;
    else if (field === "data") data.push(value);
  }
  return data.length > 0 ? { name, data: data.join("\n") } : null;
}

/** Reads a stream's events until it ends. */
export async function* readEvents(stream: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  const parser = new EventParser();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* parser.push(decoder.decode(value, { stream: true }));
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
