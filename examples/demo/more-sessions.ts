import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { StorePaths } from "../../src/files/store-paths.js";

interface Other {
  readonly title: string;
  readonly directory: string;
  readonly model: string;
  /** How long before the demo's it went on, hours. */
  readonly hours: number;
  /** Ends in this error of the provider's. */
  readonly error?: { readonly name: string; readonly data: object };
}

const HOUR_MS = 3_600_000;

/** What a week of work may look like in a list: the demo's session under other titles, in other folders, before it. */
const OTHERS: readonly Other[] = [
  { title: "Add a currency to prices", directory: "/home/you/shop", model: "small-1", hours: 3 },
  { title: "Why is the nightly import so slow?", directory: "/home/you/imports", model: "large-2", hours: 22 },
  {
    ...{ title: "Write release notes for 2.4", directory: "/home/you/shop", model: "small-1", hours: 47 },
    error: { name: "ProviderAuthError", data: { providerID: "acme", message: "the key has been revoked" } },
  },
  { title: "Move the payment client to fetch", directory: "/home/you/payments", model: "large-2", hours: 50 },
  { title: "Größen und Währungen im Warenkorb prüfen", directory: "/home/you/shop", model: "small-1", hours: 73 },
  {
    ...{ title: "Rename discount to rebate everywhere", directory: "/home/you/shop", model: "small-1", hours: 96 },
    error: { name: "MessageOutputLengthError", data: {} },
  },
  {
    title: "Explain the cache of the catalogue service",
    directory: "/home/you/catalogue",
    model: "large-2",
    hours: 121,
  },
];

/** Keeps them beside the demo's session, which is the only one there, with what its subagents did. */
export async function keepMore({ sessions }: StorePaths): Promise<void> {
  const names = (await readdir(sessions)).filter((one) => /^ses_\w+(?:\.children)?\.json$/.test(one));
  const files = await Promise.all(
    names.map(async (name) => ({ name, text: await readFile(join(sessions, name), "utf8") })),
  );
  for (const other of OTHERS) {
    const moved = (text: string): string => earlier(text, other.hours * HOUR_MS);
    for (const { name, text } of files) {
      const own = name.includes(".children.") ? moved(text) : changed(moved(text), other);
      await writeFile(join(sessions, moved(name)), own, { mode: 0o600 });
    }
  }
}

/** An export under another title, of another model. */
function changed(text: string, { title, directory, model, error }: Other): string {
  const exported = JSON.parse(text) as Exported;
  const { info, messages } = exported;
  info.directory = directory;
  for (const { info: message } of messages) {
    if (message.role === "assistant") message.modelID = model;
    else if (message.model) message.model.modelID = model;
  }
  if (info.parentID !== undefined) return JSON.stringify(exported);
  info.title = title;
  for (const part of messages[0]?.parts ?? []) if (part.type === "text") part.text = title;
  const last = messages.at(-1);
  if (error && last) last.info.error = error;
  return JSON.stringify(exported);
}

interface Exported {
  readonly info: { readonly parentID?: string; title: string; directory: string };
  readonly messages: readonly {
    readonly parts: readonly { readonly type: string; text?: string }[];
    readonly info: { role: string; modelID?: string; model?: { modelID: string }; error?: object };
  }[];
}

/** The same so many ms before: all moments, and ids, which begin with one (`ses_` counts it down). */
function earlier(text: string, ms: number): string {
  return text
    .replaceAll(/\b1[78]\d{11}\b/g, (at) => String(Number(at) - ms))
    .replaceAll(/\b(ses|msg|prt)_([0-9a-f]{12})/g, (_, kind: string, at: string) => {
      const moved = BigInt(`0x${at}`) + BigInt(ms) * (kind === "ses" ? 4096n : -4096n);
      return `${kind}_${BigInt.asUintN(48, moved).toString(16).padStart(12, "0")}`;
    });
}
