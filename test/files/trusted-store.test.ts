import { chmod, chown, lstat, mkdir, readdir, rename, symlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { deliver } from "../../src/deliver/deliver.js";
import { pushOutbox } from "../../src/deliver/push-outbox.js";
import { discardOutbox } from "../../src/deliver/queue/discard-outbox.js";
import { outboxStatus } from "../../src/deliver/queue/outbox-status.js";
import { type StorePaths, storePathsAt } from "../../src/files/store-paths.js";
import { storeProblem } from "../../src/files/trusted-store.js";
import { storedSession } from "../../src/sessions/session-store.js";
import { langfuseAt } from "../support/destinations.js";
import { saveAsItIs } from "../support/kept-store.js";
import { otlpRequests } from "../support/otlp-requests.js";
import { type Receiver, startReceiver } from "../support/receiver.js";
import { temporaryStore } from "../support/temporary-store.js";

/** A store in which something waits for a receiver that takes it now. */
async function waiting(): Promise<{ readonly paths: StorePaths; readonly receiver: Receiver }> {
  const paths = await temporaryStore();
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  await deliver(otlpRequests(4, 4, { trace: 1 }), [langfuseAt(receiver.url)], {
    paths,
    storeOnly: new Set([langfuseAt(receiver.url).id]),
  });
  await saveAsItIs(paths, { rootId: "ses_1", raw: new Map() });
  return { paths, receiver };
}

async function becomeLink(path: string): Promise<void> {
  await rename(path, `${path}-elsewhere`);
  await symlink(`${path}-elsewhere`, path);
}

const idOf = (receiver: Receiver): string => langfuseAt(receiver.url).id;

const UNTRUSTED: readonly [string, (paths: StorePaths, id: string) => Promise<unknown>, RegExp][] = [
  [
    "the outbox is a link",
    ({ outbox }) => becomeLink(outbox),
    /outbox is not used, because it is a link, which looptrace does not follow/,
  ],
  ["the sessions are a link", ({ sessions }) => becomeLink(sessions), /sessions is not used, because it is a link/],
  [
    "the receipts are a link to nowhere",
    ({ sent }) => symlink("/nonexistent", sent),
    /sent is not used, because it is a link/,
  ],
  ["every user can write to all", ({ root }) => chmod(root, 0o777), /every user can write to it/],
  [
    "every user can write to the outbox",
    ({ outbox }) => chmod(outbox, 0o1777),
    /outbox is not used, because every user can write to it/,
  ],
  ...(process.getuid?.() === 0
    ? ([
        ["all is another user's", ({ root }) => chown(root, 65_534, 65_534), /it belongs to uid 65534/],
        [
          "the outbox is another user's",
          ({ outbox }) => chown(outbox, 65_534, 65_534),
          /outbox is not used, because it belongs to uid 65534/,
        ],
      ] as [string, (paths: StorePaths) => Promise<unknown>, RegExp][])
    : []),
];

test("what is no folder is not used, whatever its permissions are", () => {
  expect(storeProblem("/dev/null", {})?.message).toBe(
    "looptrace's own folder /dev/null is not used, because it is not a folder.\nSay where one is by LOOPTRACE_HOME, or leave that out.",
  );
});

test.each(UNTRUSTED)("%s: nothing is read, sent or written, and that is said", async (_, spoil, says) => {
  const { paths, receiver } = await waiting();
  await spoil(paths, idOf(receiver));
  const before = await readdir(paths.root, { recursive: true });
  expect(storeProblem(paths.root)).toMatchObject({
    code: "configuration",
    message: expect.stringMatching(says),
  });
  await expect(pushOutbox([langfuseAt(receiver.url)], { paths })).rejects.toThrow(says);
  await expect(deliver(otlpRequests(2, 2, { trace: 2 }), [langfuseAt(receiver.url)], { paths })).rejects.toThrow(says);
  await expect(outboxStatus(paths)).rejects.toThrow(says);
  await expect(discardOutbox(paths, idOf(receiver))).rejects.toThrow(says);
  expect(receiver.spans()).toEqual([]);
  expect(await readdir(paths.root, { recursive: true })).toEqual(before);
});

test("one destination's folder that is a link is not followed, the others are delivered to", async () => {
  const { paths, receiver } = await waiting();
  const other = await startReceiver();
  onTestFinished(() => other.close());
  await deliver(otlpRequests(2, 2, { trace: 3 }), [langfuseAt(other.url)], {
    paths,
    storeOnly: new Set([idOf(other)]),
  });
  await becomeLink(join(paths.outbox, idOf(receiver)));
  const { reports } = await pushOutbox([langfuseAt(receiver.url), langfuseAt(other.url)], { paths });
  expect(reports[0]?.problems.join()).toContain("is a link, which looptrace does not follow");
  expect(receiver.spans()).toEqual([]);
  expect(other.spans()).toHaveLength(2);
});

test("a root that is this user's link to a folder of this user's is fine", async () => {
  const { paths, receiver } = await waiting();
  await rename(paths.root, `${paths.root}-disk`);
  await symlink(`${paths.root}-disk`, paths.root);
  const { reports } = await pushOutbox([langfuseAt(receiver.url)], { paths: storePathsAt(paths.root) });
  expect(reports).toMatchObject([{ acknowledged: 4, problems: [] }]);
});

test("a store that others may only read is narrowed when it is written to", async () => {
  const { paths } = await waiting();
  for (const folder of [paths.root, paths.sessions]) await chmod(folder, 0o755);
  await saveAsItIs(paths, { rootId: "ses_1", raw: new Map() });
  for (const folder of [paths.root, paths.sessions]) expect((await lstat(folder)).mode & 0o777).toBe(0o700);
});

test("no session is kept in, or read from, a folder that is a link", async () => {
  const paths = await temporaryStore();
  await mkdir(paths.root, { mode: 0o700, recursive: true });
  await mkdir(`${paths.root}-elsewhere`);
  await symlink(`${paths.root}-elsewhere`, paths.sessions);
  await expect(saveAsItIs(paths, { rootId: "ses_1", raw: new Map([["ses_1", "{}"]]) })).rejects.toThrow("is a link");
  await expect(storedSession(paths, "ses_1")).rejects.toThrow("it is a link");
  expect(await readdir(`${paths.root}-elsewhere`)).toEqual([]);
});
