import type { Secret } from "./secret.js";

/** What a token may not follow on: a longer word is another one. */
const START = "(?<![A-Za-z0-9_-])";

/** Shapes that secretlint's rules for Node 20 do not know, know only in part, or want only in files of certain names. */
const SHAPES: readonly (readonly [label: string, pattern: RegExp])[] = [
  ["ANTHROPIC_KEY", new RegExp(`${START}sk-ant-[a-z]+\\d\\d-[\\w-]{20,}`, "g")],
  ["LANGFUSE_SECRET_KEY", new RegExp(`${START}sk-lf-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`, "g")],
  ["SLACK_TOKEN", new RegExp(`${START}(?:xapp|xox[a-z](?:\\.xox[a-z])?)-[\\w-]{20,}`, "g")],
  ["GITLAB_TOKEN", new RegExp(`${START}glpat-[\\w-]{20,}`, "g")],
  ["GOOGLE_API_KEY", new RegExp(`${START}AIza[\\w-]{35}(?![\\w-])`, "g")],
  ["HUGGINGFACE_TOKEN", new RegExp(`${START}hf_[A-Za-z0-9]{30,}`, "g")],
  ["STRIPE_KEY", new RegExp(`${START}[sr]k_live_[A-Za-z0-9]{20,}`, "g")],
  ["JWT", new RegExp(`${START}eyJ[\\w-]{10,}\\.eyJ[\\w-]{10,}\\.[\\w-]{10,}`, "g")],
  [
    "AUTHORIZATION",
    /\bauthorization["']?\s{0,5}[:=]\s{0,5}["']?(?:Bearer|Basic|Token)\s+([\w.~+/=-]{16,})/gi,
  ],
  ["NPM_AUTH_TOKEN", /_authToken\s{0,5}=\s{0,5}([^\s"'$]{16,200})/g],
];

/** @returns what was found, of a header or a setting its value */
export function findMoreShapes(text: string): readonly Secret[] {
  const tokens = SHAPES.flatMap(([label, pattern]) =>
    [...text.matchAll(pattern)].map((match) => ({ text: match[1] ?? match[0], label })),
  );
  return [...tokens, ...passwordsIn(text), ...privateKeysIn(text)];
}

const ADDRESS = /\b[a-z][\w+.-]{1,30}:\/\/([^\s/:@"'<>`]{0,200}):([^\s/@"'<>`]{1,200})@/gi;
/** What stands in for a password in documentation and templates. */
const PLACEHOLDER = /^(?:[$<{*%[].*|x+|pass(?:word|wd)?|pw|secret|token)$/i;
const SHORTEST_PASSWORD = 8;

/** Passwords in addresses, whatever the scheme and the host; a longer one also where it stands alone. */
function passwordsIn(text: string): readonly Secret[] {
  return [...text.matchAll(ADDRESS)].flatMap(([address, , password = ""]): Secret[] => {
    if (PLACEHOLDER.test(password)) return [];
    const label = "password";
    const alone = password.length >= SHORTEST_PASSWORD && /[^a-z]/.test(password);
    return [{ text: address, label }, ...(alone ? [{ text: password, label }] : [])];
  });
}

const KEY_BEGINS = /-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----/g;
const LONGEST_KEY = 16_000;
/** A key's lines have 64 or 76 characters, the last one fewer. */
const SHORTEST_LINE = 16;

/**
 * The lines of private keys, each by itself: tools that read files put numbers and signs before lines, and a part of a key
 * may stand elsewhere.
 */
function privateKeysIn(text: string): readonly Secret[] {
  return [...text.matchAll(KEY_BEGINS)].flatMap(({ 0: begin, index }) => {
    const rest = text.slice(index + begin.length, index + begin.length + LONGEST_KEY);
    const lines = rest.split(/-----END/, 1)[0]?.split(/\r?\n|\\+n/) ?? [];
    const found: Secret[] = [];
    for (const [position, line] of lines.entries()) {
      const body = new RegExp(`[A-Za-z0-9+/=]{${SHORTEST_LINE},}`).exec(line)?.[0];
      if (body !== undefined) found.push({ text: body, label: "PrivateKey" });
      // The first lines may be headers; what comes behind a gap is no key any more.
      else if (position > 4) break;
    }
    return found;
  });
}
