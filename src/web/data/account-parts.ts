import { apportion } from "../../trace/apportion.js";
import type { Loop } from "../../trace/model.js";
import { PHASE_KINDS } from "../../trace/phases.js";
import type { AccountPart } from "./report-data.js";

/** Where the time went, in the order in which it is drawn; what took none is left out. */
export function accountParts({ account, ownTime }: Pick<Loop, "account" | "ownTime">): AccountPart[] {
  const { other: rest, ...named } = ownTime;
  const own = PHASE_KINDS.map((kind) => ({ kind: "other" as const, label: `opencode: ${kind}`, ms: named[kind] ?? 0 }));
  const parts: readonly Omit<AccountPart, "percent">[] = [
    { kind: "firstToken", label: "model, to the first token", ms: account.firstToken },
    { kind: "answering", label: "model, answering", ms: account.model - account.firstToken },
    { kind: "tools", label: "tools and subagents", ms: account.tools },
    { kind: "waiting", label: "waiting for permission", ms: account.waiting },
    { kind: "retries", label: "retries", ms: account.retries },
    ...own.toSorted((a, b) => b.ms - a.ms),
    { kind: "other", label: rest < account.other ? "opencode: other" : "opencode itself", ms: rest },
  ];
  const times = parts.map(({ ms }) => ms);
  const percents = apportion(times, 100);
  return parts.map((part, index) => ({ ...part, percent: percents[index] ?? 0 })).filter(({ ms }) => ms > 0);
}
