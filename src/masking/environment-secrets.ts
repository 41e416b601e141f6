import { existsSync } from "node:fs";
import type { Secret } from "./secret.js";

/** Words that a secret's variable is called by, each as a whole between underscores or the name's ends. */
const SECRET_NAME =
  /(?:^|_)(?:SECRETS?|TOKENS?|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|APIKEY|KEY|PAT|AUTH|AUTHORIZATION|BEARER|COOKIE|JWT)(?:_|$)/i;

/** What tells something about a secret instead of being one: where it is, how long it lives, who may have it. */
const ABOUT_A_SECRET =
  /(?:^|_)PUBLIC_|_(?:FILE|PATH|DIR|SOCK|SOCKET|URL|URI|HOST|PORT|ENDPOINT|NAME|ID|TYPE|METHOD|MODE|REGION|ISSUER|AUDIENCE|LIMIT|BUDGET|COUNT|MAX|MIN|TTL|EXPIRY|EXPIRES|TIMEOUT|ENABLED|VERSION|STORE|PROVIDER|COMMAND)$/i;

/** Shorter values are in the way of ordinary text. */
const SHORTEST = 8;
/** A single word or number of less than this may stand anywhere without being the secret. */
const SHORTEST_PLAIN = 16;

/**
 * The values of those environment variables whose names look like secrets, as far as they are surely no everyday text:
 * no paths that exist, no words like `disabled`, no plain numbers.
 *
 * @param environment the one whose values an agent may have printed
 */
export function environmentSecrets(
  environment: Readonly<Record<string, string | undefined>>,
): readonly Secret[] {
  return Object.entries(environment).flatMap(([name, value]): Secret[] => {
    const text = value?.trim() ?? "";
    return isSecretName(name) && isSecretValue(text) ? [{ text, label: name }] : [];
  });
}

function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name) && !ABOUT_A_SECRET.test(name);
}

function isSecretValue(text: string): boolean {
  if (text.length < SHORTEST) return false;
  if (/^(?:[A-Za-z]+|[\d.,]+)$/.test(text) && text.length < SHORTEST_PLAIN) return false;
  return !(/^(?:[A-Za-z]:)?[\\/~.]/.test(text) && existsSync(text));
}
