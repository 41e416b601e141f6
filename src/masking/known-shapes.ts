import { findMoreShapes } from "./more-shapes.js";
import type { Secret } from "./secret.js";

const RULE = "@secretlint/secretlint-rule-";

/** An account's number is no secret; the rule for AWS looks for it together with the ids of access keys. */
const HARMLESS: ReadonlySet<string> = new Set(["AWSAccountID"]);

/** Rules name what they found in capitals (KEY, TOKEN, ID, URI); beside it may stand words about it. */
const FINDING = /^[A-Z_]+$/;

/**
 * Tokens whose shape tells what they are: those of the rules that secretlint recommends (AWS, GitHub, npm, Slack, OpenAI,
 * Anthropic, private keys, passwords in URLs, and others).
 *
 * @returns what was found, as it stands in the text; of an address only with what surrounds its password
 */
export async function findKnownShapes(text: string): Promise<readonly Secret[]> {
  const found: Secret[] = [];
  // The rules take quadratic time in how much they find in one text.
  for (let from = 0; from < text.length; from += WINDOW) {
    const window = text.slice(from, from + WINDOW + OVERLAP);
    // What a colour or an escaped line break stands before begins a word all the same.
    const plain = window.replace(ANSI, " ").replace(ESCAPED, " ");
    found.push(...(await findIn(window)), ...findMoreShapes(window));
    if (plain !== window) found.push(...(await findIn(plain)), ...findMoreShapes(plain));
  }
  return found;
}

const ANSI = /\u001b\[[0-9;]*[A-Za-z]/g;
const ESCAPED = /\\+(?:[nrtbf]|u00[0-9a-f]{2})/gi;

const WINDOW = 100_000;
/** Longer than any private key. */
const OVERLAP = 8_000;

async function findIn(text: string): Promise<readonly Secret[]> {
  // Loading the rules takes longer than most commands take to run.
  const [{ lintSource }, { creator }] = await Promise.all([
    import("@secretlint/core"),
    import("@secretlint/secretlint-rule-preset-recommend"),
  ]);
  // Comments that switch rules off are for the authors of a file; here the text is whatever an agent has read.
  const content = text.replace(/secretlint-(?=disable|enable)/gi, "secretlint_");
  const { messages } = await lintSource({
    source: { filePath: "session.txt", content, ext: ".txt", contentType: "text" },
    options: {
      noPhysicFilePath: true,
      config: {
        rules: [
          {
            id: `${RULE}preset-recommend`,
            rule: creator,
            rules: [{ id: `${RULE}aws`, options: { enableIDScanRule: true } }],
          },
        ],
      },
    },
  });
  // The places that the rules report are not exact for all of them, what they found is.
  return messages.flatMap(({ messageId, data }) =>
    HARMLESS.has(messageId)
      ? []
      : Object.entries(isFields(data) ? data : {}).flatMap(([field, found]): Secret[] =>
          FINDING.test(field) && typeof found === "string" && found !== ""
            ? [{ text: found, label: messageId }]
            : [],
        ),
  );
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
