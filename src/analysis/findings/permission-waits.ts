import { duration, plural } from "../../text/format.js";
import { oneLine } from "../../text/terminal-text.js";
import type { StepEvent } from "../../trace/model.js";
import { placeOf, stepsText, type TalkStep, type Talks } from "./conversation.js";
import type { Found } from "./finding.js";

/** A person needs some time to read what is asked. */
const LEAST_MS = 30_000;
const NAMED = 3;

interface Asked {
  readonly one: TalkStep;
  readonly event: StepEvent;
  readonly ms: number;
}

/** Permissions that were waited for, by what they were asked for. */
export function permissionWaits(talks: Talks): readonly Found[] {
  const byPermission = new Map<string, Asked[]>();
  for (const { steps } of talks.conversations) {
    for (const one of steps) {
      for (const event of one.step.events) {
        const { permission, waitedMs, by } = event.attributes;
        if (event.name !== "permission" || by === "policy" || typeof waitedMs !== "number") continue;
        const key = String(permission);
        byPermission.set(key, [...(byPermission.get(key) ?? []), { one, event, ms: waitedMs }]);
      }
    }
  }
  return [...byPermission].flatMap(([permission, asked]): Found[] => {
    const ms = asked.reduce((sum, one) => sum + one.ms, 0);
    if (ms < LEAST_MS) return [];
    const where = asked.map(({ one, event }) => placeOf(talks, one, event.spanId));
    const patterns = [
      ...new Set(
        asked.flatMap(({ event: { attributes } }) => (Array.isArray(attributes.patterns) ? attributes.patterns : [])),
      ),
    ].map((pattern) => oneLine(String(pattern)).slice(0, MOST_WORDS));
    const more = patterns.length > NAMED ? ` and ${patterns.length - NAMED} more` : "";
    const what = patterns.length === 0 ? "" : `: ${patterns.slice(0, NAMED).join(", ")}${more}`;
    const open = asked.filter(({ event }) => event.attributes.answer === "none").length;
    return [
      {
        kind: "permission-wait",
        subject: permission,
        title: `The permission ${oneLine(permission)} was waited for`,
        where,
        tokens: null,
        ms,
        usd: null,
        advice: `If it may always do so, allow it under "permission" in opencode's configuration; if never, deny it there, so that the model is told at once.`,
        evidence: [
          `${duration(ms)} for ${plural(asked.length, "question")} in ${stepsText(where)}${what}`,
          ...(open > 0 ? [`${plural(open, "question")} without an answer until the turn ended`] : []),
        ],
      },
    ];
  });
}

const MOST_WORDS = 60;
