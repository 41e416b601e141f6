import fc from "fast-check";
import { expect, test } from "vitest";
import { readServerEvent, type ServerEvent } from "../../../src/opencode/schema/server-event.js";
import { joinDeltas } from "../../../src/opencode/server/join-deltas.js";
import { applyEvent, emptyMirror, type Mirror } from "../../../src/opencode/server/session-mirror.js";

/** What stands behind `data:`; `place` as the stream of all directories has it, or undefined for that of one. */
function told(place: string | undefined, id: string, type: string, properties: object): string {
  const event = { id: `evt_${id}`, type, properties };
  return JSON.stringify(place === undefined ? event : { directory: place, project: "global", payload: event });
}

const delta = (place: string | undefined, id: string, of: { session: string; part: string }, text: string): string =>
  told(place, id, "message.part.delta", {
    ...{ sessionID: of.session, messageID: `msg_${of.session}`, partID: of.part, field: "text", delta: text },
  });

const ID = "2289da8cd001t061LxDlBqbU4M";
const NEXT = "2289da8cd002t061LxDlBqbU4M";
const a1 = { session: "ses_a", part: "prt_1" };
const b1 = { session: "ses_b", part: "prt_1" };

test("pieces of one text become one event, with the last one's id", () => {
  const joined = joinDeltas([
    delta("/w", ID, a1, 'say "'),
    delta("/w", ID, b1, "other"),
    delta("/w", NEXT, a1, 'one\\"\n\ud83d'),
    delta("/w", NEXT, a1, "\ude00"),
  ]);
  const expected = [delta("/w", NEXT, a1, 'say "one\\"\n\ud83d\ude00'), delta("/w", ID, b1, "other")];
  expect(joined.map((one): unknown => JSON.parse(one))).toEqual(expected.map((one): unknown => JSON.parse(one)));
});

test("nothing is joined across another event, another directory, or once a text is long", () => {
  const idle = told("/w", ID, "session.idle", { sessionID: "ses_b" });
  const apart = [delta("/w", ID, a1, "a"), idle, delta("/w", NEXT, a1, "b"), delta("/x", NEXT, a1, "c")];
  expect(joinDeltas(apart)).toEqual(apart);
  const long = delta("/w", ID, a1, "x".repeat(40_000));
  expect(joinDeltas([long, long, long]).map(({ length }) => length > 80_000)).toEqual([true, false]);
});

test("what is not just as opencode writes it stays as it is", () => {
  const other = [
    '{"id":"evt_2289da8cd001","type":"message.part.delta","properties":{"delta":"x","field":"text"}}',
    '{"id":"evt_2289da8cd001","type":"message.part.delta","properties":{"field":"text","delta":"x","more":"y"}}',
    '{"id":"evt_2289da8cd001","type":"message.part.delta","properties":{"field":"text","delta":"x\\"}}',
    '{"type":"message.part.delta","properties":{"field":"text","delta":"x"}}',
    "no JSON",
  ];
  expect(joinDeltas([...other, ...other])).toEqual([...other, ...other]);
});

const sessions = ["ses_a", "ses_b"];
const parts = ["prt_1", "prt_2"];
const text = fc.string({ unit: fc.constantFrom("a", '"', "\\", "\n", "\ud83d", "\ude00", ',"delta":"', "}}}") });
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ session: fc.constantFrom(...sessions), part: fc.constantFrom(...parts), text }) },
  { weight: 1, arbitrary: fc.record({ session: fc.constantFrom(...sessions), full: fc.constantFrom(...parts), text }) },
);

function mirrorOf(texts: readonly string[]): Mirror {
  const events = texts.flatMap((one) => readServerEvent(one, 1)?.event ?? []);
  return events.reduce((mirror: Mirror, event: ServerEvent) => applyEvent(mirror, event), emptyMirror);
}

test("joined or not, the same is mirrored of sessions", () => {
  const begun = sessions.flatMap((id) => [
    told("/w", ID, "session.created", { info: { id } }),
    told("/w", ID, "message.updated", { sessionID: id, info: { id: `msg_${id}`, role: "assistant" } }),
    ...parts.map((part) =>
      told("/w", ID, "message.part.updated", {
        sessionID: id,
        part: { id: part, type: "text", messageID: `msg_${id}`, text: "" },
      }),
    ),
  ]);
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.option(fc.constant("/w"), { nil: undefined }), (steps, place) => {
      const texts = steps.map((one) =>
        "part" in one
          ? delta(place, ID, one, one.text)
          : told(place, ID, "message.part.updated", {
              sessionID: one.session,
              part: { id: one.full, type: "text", messageID: `msg_${one.session}`, text: one.text },
            }),
      );
      const joined = joinDeltas([...begun, ...texts]);
      expect(mirrorOf(joined)).toEqual(mirrorOf([...begun, ...texts]));
      expect(joined.length).toBeLessThanOrEqual(begun.length + texts.length);
    }),
  );
});
