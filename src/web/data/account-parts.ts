import { apportion } from "../../trace/apportion.js";
import type { TimeAccount } from "../../trace/model.js";
import type { AccountPart } from "./report-data.js";

/** Where the time went, in the order in which it is drawn; what took none is left out. */
export function accountParts(account: TimeAccount): AccountPart[] {
  const parts = [
    { kind: "firstToken", label: "model, to the first token", ms: account.firstToken },
    { kind: "answering", label: "model, answering", ms: account.model - account.firstToken },
    { kind: "tools", label: "tools and subagents", ms: account.tools },
    { kind: "waiting", label: "waiting for permission", ms: account.waiting },
    { kind: "retries", label: "retries", ms: account.retries },
    { kind: "other", label: "opencode itself", ms: account.other },
  ] as const;
  const times = parts.map(({ ms }) => ms);
  const percents = apportion(times, 100);
  return parts.map((part, index) => ({ ...part, percent: percents[index] ?? 0 })).filter(({ ms }) => ms > 0);
}
