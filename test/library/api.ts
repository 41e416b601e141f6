import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import extractor from "@microsoft/api-extractor";
import { emitDeclarations } from "../support/declarations.js";

const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));

/** What programs can import, and where it is written down beside this file. */
export const ENTRIES = [
  { entry: "index.d.ts", report: "library.api.md" },
  { entry: "fleet/index.d.ts", report: "fleet.api.md" },
  { entry: "opentelemetry/index.d.ts", report: "otel.api.md" },
] as const;

/** Where a surface is written down. */
export function pathOfReport(report: string): string {
  return fileURLToPath(new URL(report, import.meta.url));
}

/**
 * The library's surface as its declarations have it now: every exported symbol with its types, in API Extractor's form.
 *
 * @param emit writes the declarations into a folder
 * @returns the text of each report by its name
 */
export async function libraryApi(
  emit: (folder: string) => Promise<void> = emitDeclarations,
): Promise<ReadonlyMap<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), "looptrace-api-"));
  try {
    await symlink(join(REPOSITORY, "node_modules"), join(folder, "node_modules"), "junction");
    await cp(join(REPOSITORY, "package.json"), join(folder, "package.json"));
    await emit(join(folder, "types"));
    return await reportsOf(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function reportsOf(folder: string): Promise<ReadonlyMap<string, string>> {
  const { CompilerState, Extractor } = extractor;
  const entryPoints = ENTRIES.map(({ entry }) => join(folder, "types", entry));
  const configs = ENTRIES.map(({ report }, at) => configOf(folder, entryPoints[at] ?? "", report));
  const [first] = configs;
  if (first === undefined) throw new Error("the library has an entry point");
  const compilerState = CompilerState.create(first, { additionalEntryPoints: entryPoints.slice(1) });
  const reports = new Map<string, string>();
  for (const [at, { report }] of ENTRIES.entries()) {
    const config = configs[at];
    if (config === undefined) continue;
    Extractor.invoke(config, {
      compilerState,
      localBuild: true,
      messageCallback: (message) => {
        message.handled = true;
      },
    });
    reports.set(report, await readFile(join(folder, report), "utf8"));
  }
  return reports;
}

function configOf(folder: string, entry: string, report: string) {
  const { ExtractorConfig, ExtractorLogLevel } = extractor;
  const silent = { logLevel: ExtractorLogLevel.None };
  const inReport = { logLevel: ExtractorLogLevel.Warning, addToApiReportFile: true };
  return ExtractorConfig.prepare({
    configObjectFullPath: join(folder, "api-extractor.json"),
    packageJsonFullPath: join(folder, "package.json"),
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: entry,
      newlineKind: "lf",
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: "ES2023",
            lib: ["ES2024"],
            module: "NodeNext",
            moduleResolution: "NodeNext",
            types: ["node"],
            strict: true,
            skipLibCheck: true,
          },
          files: [entry],
        },
      },
      apiReport: {
        enabled: true,
        reportFileName: report,
        reportFolder: folder,
        reportTempFolder: join(folder, "temp"),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        // TypeScript and Biome see to the code, and TSDoc of this house says more than API Extractor's form allows.
        compilerMessageReporting: { default: silent },
        tsdocMessageReporting: { default: silent },
        extractorMessageReporting: { default: silent, "ae-forgotten-export": inReport },
      },
    },
  });
}

/** `npm run api` */
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [report, text] of await libraryApi()) await writeFile(pathOfReport(report), text);
}
