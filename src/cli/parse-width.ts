import { InvalidArgumentError } from "commander";

/** Columns of a terminal. */
export function parseWidth(text: string): number {
  const width = Number(text);
  if (Number.isInteger(width) && width >= 20) return width;
  throw new InvalidArgumentError("Give a number of columns, 20 or more.");
}
