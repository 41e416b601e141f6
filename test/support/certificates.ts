import { webcrypto } from "node:crypto";
// What the next one needs, and wants to be loaded before it.
import "reflect-metadata";
import * as x509 from "@peculiar/x509";

const ECDSA = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** A certificate and its key, as PEM. */
export interface Certified {
  readonly cert: string;
  readonly key: string;
}

/** An authority that exists as long as a test does. */
export interface Authority {
  readonly cert: string;
  /** For a server on this machine, under `127.0.0.1`, `localhost` and the names that are given, or for a client. */
  certify(...names: readonly string[]): Promise<Certified>;
}

/** Makes an authority with a key of its own. */
export async function createAuthority(name: string): Promise<Authority> {
  const keys = await generateKeys();
  const span = { notBefore: new Date(Date.now() - 3_600_000), notAfter: new Date(Date.now() + 86_400_000) };
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: "01",
    name: `CN=${name}`,
    ...span,
    signingAlgorithm: ECDSA,
    keys,
    extensions: [new x509.BasicConstraintsExtension(true, 1, true)],
  });
  let serial = 1;
  return {
    cert: root.toString("pem"),
    async certify(...names) {
      const own = await generateKeys();
      serial += 1;
      const cert = await x509.X509CertificateGenerator.create({
        serialNumber: serial.toString(16).padStart(2, "0"),
        subject: "CN=of a test",
        issuer: root.subject,
        ...span,
        signingAlgorithm: ECDSA,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        extensions: [
          new x509.SubjectAlternativeNameExtension([
            { type: "ip", value: "127.0.0.1" },
            ...["localhost", ...names].map((value) => ({ type: "dns" as const, value })),
          ]),
        ],
      });
      return { cert: cert.toString("pem"), key: await pem(own.privateKey) };
    },
  };
}

function generateKeys() {
  return webcrypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
}

async function pem(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", key)).toString("base64");
  return `-----BEGIN PRIVATE KEY-----\n${der.replace(/.{64}/g, "$&\n").trim()}\n-----END PRIVATE KEY-----\n`;
}
