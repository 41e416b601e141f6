import { createPrivateKey, X509Certificate } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { ConfigurationError } from "../../errors/configuration-error.js";
import { messageOf } from "../../errors/thrown.js";

/** What a TLS connection is made with beside what Node.js has; PEM texts. Holds a private key: never print it. */
export interface ClientTls {
  /** The authorities that count in place of the well-known ones. */
  readonly ca?: string;
  /** With which the client proves who it is, and the key that goes with it. */
  readonly cert?: string;
  /** The private key of `cert`. */
  readonly key?: string;
}

/** A setting that is set. */
export interface Setting {
  /** What the user calls it. */
  readonly name: string;
  readonly value: string;
}

/**
 * Reads the files that the variables name, and holds them to what they are to be: better now than at each request.
 *
 * @returns undefined where none is named
 * @throws {ConfigurationError} when a file cannot be read or used, or a certificate has no key; it holds nothing of a
 *   file
 */
export function readClientTls({
  ca,
  cert,
  key,
}: Partial<Record<keyof ClientTls, Setting | undefined>>): ClientTls | undefined {
  if (!ca && !cert && !key) return undefined;
  if ((cert === undefined) !== (key === undefined)) {
    const present = (cert ?? key)?.name ?? "";
    const missing = present.replace(/CLIENT_(?:CERTIFICATE|KEY)$/, cert ? "CLIENT_KEY" : "CLIENT_CERTIFICATE");
    throw new ConfigurationError(present, `${present} is set, but there is no ${missing}: a client needs both.`);
  }
  const authorities = ca && { ca: certificates(ca) };
  if (cert === undefined || key === undefined) return { ...authorities };
  const own = certificates(cert);
  const secret = privateKey(key);
  if (!new X509Certificate(own).checkPrivateKey(createPrivateKey(secret))) {
    throw new ConfigurationError(key.name, `${key.name} is not the key of the certificate in ${cert.name}.`);
  }
  return { ...authorities, cert: own, key: secret };
}

function certificates(setting: Setting): string {
  const text = contentOf(setting);
  const blocks =
    text.match(/-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[\s\S]*?-----END [A-Z0-9 ]*CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw unusable(setting, "holds no certificate in PEM (-----BEGIN CERTIFICATE-----)");
  for (const [index, block] of blocks.entries()) {
    try {
      new X509Certificate(block);
    } catch {
      throw unusable(setting, `holds a certificate that cannot be read, number ${index + 1} of ${blocks.length}`);
    }
  }
  return text;
}

function privateKey(setting: Setting): string {
  const text = contentOf(setting);
  if (!/-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/.test(text))
    throw unusable(setting, "holds no private key in PEM (-----BEGIN PRIVATE KEY-----)");
  if (/-----BEGIN ENCRYPTED|^Proc-Type:.*ENCRYPTED/m.test(text))
    throw unusable(setting, "is encrypted, and there is no variable for its passphrase");
  try {
    createPrivateKey(text);
    return text;
  } catch {
    throw unusable(setting, "holds a private key that cannot be read");
  }
}

/** A bundle of all well-known authorities has some 200 KB. */
const MAX_BYTES = 8 * 1024 * 1024;

function contentOf(setting: Setting): string {
  let handle: number | undefined;
  try {
    handle = openSync(resolve(setting.value), constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stats = fstatSync(handle);
    if (!stats.isFile()) throw new Error("it is no file");
    if (stats.size > MAX_BYTES) throw new Error("it is too large");
    return readFileSync(handle, "utf8");
  } catch (error) {
    throw unusable(setting, `cannot be read: ${messageOf(error)}`);
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

function unusable({ name, value }: Setting, why: string): ConfigurationError {
  return new ConfigurationError(name, `${name}: the file ${JSON.stringify(value)} ${why}.`);
}
