import { existsSync } from "node:fs";
import { attempt } from "../errors/thrown.js";
import type { Secret } from "./secret.js";

/** Words that a secret's variable is called by, as a whole between underscores or the name's ends. */
const SECRET_NAME =
  /(?:^|_)(?:SECRET|TOKEN|CREDENTIAL|KEY|PAT|AUTH|AUTHORIZATION|BEARER|COOKIE|JWT|DSN|CONNECTION_STRING)S?\d*(?:_|$)/;

/** And those that also stand at the end of longer ones: `PGPASSWORD`, `SSHPASS`, `APITOKEN2`. */
const SECRET_ENDING = /(?:PASSWORD|PASSWD|PASSPHRASE|PASS|_PWD|TOKEN|SECRET|APIKEY|SECRETKEY|ACCESSKEY)S?\d*$/;

/** What tells something about a secret instead of being one: where it is, how long it lives, who may have it. */
const ABOUT_A_SECRET =
  /(?:^|_)(?:PUBLIC|SORT|CACHE|PARTITION|PRIMARY|FOREIGN)_|(?<!SECRET)_ID$|(?:BY|COM|TRES|SUR)PASS$|_(?:FILE|PATH|DIR|SOCK|SOCKET|URL|URI|HOST|PORT|ENDPOINT|NAME|USER|DOMAIN|SERVER|REALM|ALGORITHM|BACKEND|MODEL|SERVICE|ALIAS|ARN|TYPE|METHOD|MODE|REGION|ISSUER|AUDIENCE|LIMIT|BUDGET|COUNT|MAX|MIN|TTL|EXPIRY|EXPIRES|TIMEOUT|ENABLED|VERSION|STORE|PROVIDER|COMMAND)$/;

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
export function environmentSecrets(environment: Readonly<Record<string, string | undefined>>): readonly Secret[] {
  return Object.entries(environment).flatMap(([name, value]): Secret[] => {
    const text = value?.trim() ?? "";
    const texts = /_HEADERS$/i.test(name) ? headerValues(text) : isSecretName(name) ? [text] : [];
    return texts.filter(isSecretValue).map((secret) => ({ text: secret, label: name }));
  });
}

/** `name=value,name=value`, as OpenTelemetry has it; the values as they stand there, decoded, and without a scheme. */
function headerValues(text: string): readonly string[] {
  return text.split(",").flatMap((pair) => {
    const value = pair.slice(pair.indexOf("=") + 1).trim();
    const decoded = /%[0-9a-f]{2}/i.test(value) ? (attempt(() => decodeURIComponent(value)) ?? value) : value;
    return [...new Set([value, decoded, decoded.replace(/^(?:Bearer|Basic|Token)\s+/i, "")])];
  });
}

function isSecretName(name: string): boolean {
  // npm_config__authToken has its words in capitals only.
  const words = name.replace(/([a-z\d])([A-Z])/g, "$1_$2").toUpperCase();
  return (SECRET_NAME.test(words) || SECRET_ENDING.test(words)) && !ABOUT_A_SECRET.test(words);
}

function isSecretValue(text: string): boolean {
  if (text.length < SHORTEST) return false;
  if (/^(?:[A-Za-z]+|[\d.,]+)$/.test(text) && text.length < SHORTEST_PLAIN) return false;
  return !(/^(?:[A-Za-z]:)?[\\/~.]/.test(text) && existsSync(text));
}
