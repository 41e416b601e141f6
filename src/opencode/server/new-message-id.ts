import { randomBytes } from "node:crypto";

const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LOW_BITS = 0xffff_ffff_ffffn;

/**
 * A new id of opencode's form for a message, as its own clients mint them for prompts: `idTime` reads it.
 * @param at now, in ms since the epoch
 */
export function newMessageId(at: number): string {
  const bits = (BigInt(Math.floor(at)) * 0x1000n + 1n) & LOW_BITS;
  const random = Array.from(randomBytes(14), (byte) => LETTERS[byte % LETTERS.length]).join("");
  return `msg_${bits.toString(16).padStart(12, "0")}${random}`;
}
