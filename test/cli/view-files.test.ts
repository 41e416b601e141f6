import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { removeGoneViews, viewsFolder } from "../../src/cli/view-files.js";
import { claimToken } from "../../src/files/claim-token.js";
import { temporaryStore } from "../support/temporary-store.js";

test("views go with their sessions, but for what is just being kept", async () => {
  const paths = await temporaryStore();
  const views = viewsFolder(paths);
  for (const folder of [paths.sessions, views]) await mkdir(folder, { recursive: true, mode: 0o700 });
  const writing = `ses_new.json.1a.tmp-${claimToken()}`;
  for (const name of ["ses_kept.json", "ses_since.json", "ses_gone.json", writing])
    await writeFile(join(views, name), "");
  for (const name of ["ses_kept.json", "ses_since.json"]) await writeFile(join(paths.sessions, name), "");
  // One was kept after the sessions were listed.
  await removeGoneViews(paths, ["ses_kept.json"]);
  expect((await readdir(views)).toSorted()).toEqual(["ses_kept.json", "ses_since.json", writing].toSorted());
});
