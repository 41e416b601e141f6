import { InvalidArgumentError } from "commander";

/** A whole number, 0 or more, as an option's value. */
export function parseCount(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Give a whole number of 0 or more.");
}

/** The same from a least number on. */
export function parseCountFrom(least: number): (text: string) => number {
  return (text) => {
    if (/^\d{1,15}$/.test(text) && Number(text) >= least) return Number(text);
    throw new InvalidArgumentError(`Give a whole number of ${least} or more.`);
  };
}

/** How many of a list; what is no number is the argument that stands behind the option. */
export function parseTop(text: string): number | string {
  if (!/^-?\d+(?:\.\d+)?$/.test(text)) return text;
  return parseCountFrom(1)(text);
}

/** An amount above 0, as an option's value. */
export function parseAmount(text: string): number {
  if (/^\d*\.?\d+$/.test(text) && Number(text) > 0) return Number(text);
  throw new InvalidArgumentError("Give an amount above 0, such as 0.5.");
}

/** A share as an option's value: `15%` or `0.15`. @returns above 0, below 1 */
export function parseShare(text: string): number {
  const [, number, sign] = /^(\d*\.?\d+)\s*(%)?$/.exec(text.trim()) ?? [];
  const share = Number(number) / (sign === undefined ? 1 : 100);
  if (share > 0 && share < 1) return share;
  throw new InvalidArgumentError("Give a share between 0 and 100 %, such as 15% or 0.15.");
}

/** A TCP port as an option's value; 0 is any that is free. */
export function parsePort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new InvalidArgumentError("Give a port, 0 to 65535.");
}
