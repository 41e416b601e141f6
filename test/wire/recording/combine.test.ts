import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { WireEvidence, WireExchange } from "../../../src/wire/model.js";
import { mergeWires, recordingsIn, wireOfSessions } from "../../../src/wire/recording/combine.js";
import { readRecording } from "../../../src/wire/recording/read-recording.js";
import { writeRecording } from "../../../src/wire/recording/write-recording.js";
import { arbitraryWire, sha256 } from "./arbitrary-wire.js";

const open = { how: "open", at: null, error: null } as const;

function exchange(
  id: string,
  sessionId: string | null,
  sentAt: number,
  more: Partial<WireExchange> = {},
): WireExchange {
  return {
    ...{ id, sessionId, parentSessionId: null, messageId: null, purpose: null, method: "POST", headers: {}, sentAt },
    ...{ url: "https://a.example/v1", body: { text: id, bytes: id.length, hash: sha256(id) }, response: null },
    end: { how: "complete", at: sentAt + 1_000, error: null },
    ...more,
  };
}

const wire = (...exchanges: readonly WireExchange[]): WireEvidence => ({ exchanges, notes: [] });
const idsOf = (of: WireEvidence | undefined): readonly string[] | undefined => of?.exchanges.map(({ id }) => id);

describe("recordings together", () => {
  it("are what they were in parts", () => {
    fc.assert(
      fc.property(arbitraryWire, (whole) => {
        const parts = recordingsIn(whole, "run-1");
        const read = [...parts].map(([name, part]) => readRecording(writeRecording(part), name));
        const byId = (of: readonly WireExchange[] = []) => [...of].sort((a, b) => (a.id < b.id ? -1 : 1));
        const merged = mergeWires(read);
        expect(byId(merged?.exchanges)).toEqual(byId(whole.exchanges));
        expect(merged?.tools).toEqual(whole.tools);
        expect(merged?.notes ?? []).toEqual(whole.notes);
      }),
    );
  });

  it("know of what was seen twice what was seen last, unless that was less", () => {
    const first = exchange("1-a:0", "ses_a", 1, { end: open });
    const later = exchange("1-a:1", "ses_a", 2);
    const ended = exchange("1-a:0", "ses_a", 1);
    const merged = mergeWires([wire(first, later), wire(ended), wire({ ...later, end: open })]);
    expect(merged?.exchanges).toEqual([ended, later]);
    expect(mergeWires([undefined, undefined])).toBeUndefined();
  });
});

describe("the wire of a session", () => {
  it("is that of the sessions below it too, and of no other one", () => {
    const all = wire(
      exchange("1-a:0", "ses_a", 1),
      exchange("1-a:1", "ses_b", 2),
      exchange("1-a:2", "ses_child", 3, { parentSessionId: "ses_a" }),
      exchange("1-a:3", "ses_c", 4, { parentSessionId: "ses_b" }),
      exchange("1-a:4", "ses_grandchild", 5, { parentSessionId: "ses_child" }),
    );
    const tools = ["ses_a", "ses_b"].map((sessionId) => ({ sessionId, callId: "c", tool: "bash", start: 1, end: 2 }));
    const own = wireOfSessions({ ...all, tools, notes: ["a note"] }, ["ses_a"]);
    expect(idsOf(own)).toEqual(["1-a:0", "1-a:2", "1-a:4"]);
    expect(own.tools).toEqual(tools.slice(0, 1));
    expect(own.notes).toEqual(["a note"]);
  });

  it("has a request that names no session where no other one was at work", () => {
    const all = wire(
      exchange("1-a:0", null, 10_000),
      exchange("1-a:1", "ses_a", 10_500),
      exchange("1-a:2", "ses_b", 20_000),
      exchange("1-a:3", "ses_a", 20_100),
      exchange("1-a:4", null, 20_200),
      exchange("1-a:5", null, 60_000),
      exchange("2-a:0", null, 10_200),
    );
    expect(idsOf(wireOfSessions(all, ["ses_a"]))).toEqual(["1-a:0", "1-a:1", "1-a:3"]);
  });
});
