import { BlockList, isIP } from "node:net";
import { isLoopback } from "../destinations/http-address.js";

/** Where machines in a cloud ask for their own keys, and whatever else is on no network. */
const LINK_LOCAL = new BlockList();
LINK_LOCAL.addSubnet("169.254.0.0", 16, "ipv4");
LINK_LOCAL.addSubnet("fe80::", 10, "ipv6");
LINK_LOCAL.addAddress("fd00:ec2::254", "ipv6");

/**
 * Why a file is not put to an address that a Langfuse names, as the end of a sentence: the server must not make this
 * machine write to itself or to what only it can reach, nor in the clear.
 *
 * A name may still lead anywhere; what goes there is the file, without a key, and nothing of the answer goes back.
 *
 * @param langfuse where the server itself is
 * @returns undefined where all is well
 */
export function unfitForUpload(url: URL, langfuse: URL): string | undefined {
  if (url.protocol !== "https:" && url.protocol !== "http:") return `begins with ${url.protocol}`;
  if (url.username !== "" || url.password !== "") return "holds a user and a password";
  const isHere = isLoopback(langfuse.hostname);
  if (!isHere && isOwnMachine(url.hostname)) return `is on this machine (${url.host}), and Langfuse is not`;
  if (url.protocol === "http:" && langfuse.protocol === "https:") return "is not encrypted, while Langfuse's own is";
  return undefined;
}

function isOwnMachine(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, "");
  const version = isIP(host);
  if (version === 0) return isLoopback(hostname);
  return (
    isLoopback(hostname) ||
    /^(?:0\.0\.0\.0|::|::ffff:.*)$/.test(host) ||
    LINK_LOCAL.check(host, version === 4 ? "ipv4" : "ipv6")
  );
}
