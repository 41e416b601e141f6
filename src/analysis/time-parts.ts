import { duration, durationIn, type TimeUnit, unitOf } from "../text/format.js";
import { apportion } from "../trace/apportion.js";
import type { OwnTime, TimeAccount } from "../trace/model.js";
import { PHASE_KINDS } from "../trace/phases.js";

/**
 * Where the time went, as the parts of one sum: `1.76s`, `= model 1.08s (61%)`, `+ …`.
 *
 * All are told in the unit of the total and rounded together, so that what a reader adds up is the total and 100%; only
 * what would vanish in that unit is told more exactly.
 *
 * @param tools how the tools' part is called; null where there were none
 */
export function timeParts(account: TimeAccount, tools: string | null): string[] {
  const parts = [
    { label: "= model", ms: account.model, shown: true },
    { label: `+ ${tools ?? "tools"}`, ms: account.tools, shown: tools !== null },
    { label: "+ waiting for permission", ms: account.waiting, shown: account.waiting > 0 },
    { label: "+ retries", ms: account.retries, shown: account.retries > 0 },
    { label: "+ opencode", ms: account.other, shown: true },
  ];
  const times = parts.map(({ ms }) => ms);
  const { unit, units } = partUnits(account);
  const percents = apportion(times, 100);
  const shown = parts.flatMap(({ label, ms, shown }, index) => {
    const time = inUnits(ms, units[index] ?? 0, unit);
    return shown ? `${label} ${time} (${percents[index] ?? 0}%)` : [];
  });
  return [durationIn(Math.round(account.duration / unit), unit), ...shown];
}

/**
 * A time and its parts below each other, rounded as `timeParts` rounds them, so that the same time reads the same.
 */
export function partTexts(ms: number, parts: readonly number[]): { readonly whole: string; readonly parts: string[] } {
  const unit = sumUnit(ms);
  const whole = Math.round(ms / unit);
  const units = apportion(parts, whole);
  const told = parts.map((part, index) => inUnits(part, units[index] ?? 0, unit));
  return { whole: durationIn(whole, unit), parts: told };
}

/** @param units what rounding has left of it; where that is nothing it is told more exactly */
function inUnits(ms: number, units: number, unit: TimeUnit): string {
  return units === 0 ? duration(ms) : durationIn(units, unit);
}

/** How the tools' part is called; null where nothing was at work that has its time there. */
export function toolsLabel(withTools: boolean, withSubagents: boolean): string | null {
  if (withSubagents) return withTools ? "tools and subagents" : "subagents";
  return withTools ? "tools" : null;
}

/** The parts in the unit of the total, rounded together. */
function partUnits({ duration: ms, model, tools, waiting, retries, other }: TimeAccount) {
  const unit = sumUnit(ms);
  return { unit, units: apportion([model, tools, waiting, retries, other], Math.round(ms / unit)) };
}

/** The model's time in two halves with different cures, a long prompt and a long answer; rounded as in the total. */
export function modelParts(account: TimeAccount): string[] {
  const { model, firstToken } = account;
  const { unit, units } = partUnits(account);
  const whole = units[0] ?? 0;
  if (whole === 0)
    return [duration(model), `= to first token ${duration(firstToken)}`, `+ answering ${duration(model - firstToken)}`];
  const [waiting = 0, answering = 0] = apportion([firstToken, model - firstToken], whole);
  return [
    durationIn(whole, unit),
    `= to first token ${durationIn(waiting, unit)}`,
    `+ answering ${durationIn(answering, unit)}`,
  ];
}

/**
 * Opencode's own time by what it was at, the longest first; rounded as in the total. None where nothing tells, or where
 * it is nothing in that unit.
 */
export function ownTimeParts(account: TimeAccount, own: OwnTime): string[] {
  const { unit, units } = partUnits(account);
  const whole = units.at(-1) ?? 0;
  const kinds = [...PHASE_KINDS, "other" as const].filter((kind) => (own[kind] ?? 0) > 0);
  if (whole === 0 || !kinds.some((kind) => kind !== "other")) return [];
  const byLength = kinds.toSorted((a, b) => (own[b] ?? 0) - (own[a] ?? 0));
  const shares = apportion(
    byLength.map((kind) => own[kind] ?? 0),
    whole,
  );
  const shown = byLength.flatMap((kind, index) => {
    const share = shares[index] ?? 0;
    return share > 0 ? [`${kind} ${durationIn(share, unit)}`] : [];
  });
  return [durationIn(whole, unit), ...shown.map((text, index) => `${index === 0 ? "=" : "+"} ${text}`)];
}

/** Tenths of a second are too rough for parts that are to add up: a part could be off by nearly one. */
function sumUnit(ms: number): TimeUnit {
  const unit = unitOf(ms);
  return unit === 100 ? 10 : unit;
}
