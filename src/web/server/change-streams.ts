import type { ServerResponse } from "node:http";
import type { KeptList } from "./kept-list.js";

/** Pages that are told what changes, as server-sent events. */
export interface ChangeStreams {
  /** Tells a page all that is there, and from now on what becomes of it. Its head has been written already. */
  add(response: ServerResponse): void;
  /** Something has changed; the pages are told soon, once for many changes. */
  changed(): void;
  close(): void;
}

interface Stream {
  readonly response: ServerResponse;
  /** What the page knows. */
  revision: number;
}

/** More changes a second than this cannot be seen. */
const PAUSE_MS = 100;

export function changeStreams(kept: () => KeptList): ChangeStreams {
  const streams = new Set<Stream>();
  let timer: NodeJS.Timeout | undefined;
  const send = (stream: Stream): void => {
    // A page that does not read on gets all at once when it does.
    if (stream.response.writableNeedDrain) return;
    const changes = kept().since(stream.revision);
    stream.revision = kept().revision;
    stream.response.write(`data: ${JSON.stringify(changes)}\n\n`);
  };
  return {
    add(response) {
      const stream: Stream = { response, revision: 0 };
      streams.add(stream);
      response.on("close", () => streams.delete(stream));
      response.on("drain", () => {
        if (stream.revision < kept().revision) send(stream);
      });
      send(stream);
    },
    changed() {
      timer ??= setTimeout(() => {
        timer = undefined;
        for (const stream of streams) send(stream);
      }, PAUSE_MS);
    },
    close() {
      clearTimeout(timer);
      for (const { response } of streams) response.end();
    },
  };
}
