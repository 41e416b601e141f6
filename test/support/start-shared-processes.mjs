import { tsImport } from "tsx/esm/api";

/**
 * Starts what all test files share, with modules that vitest did not load: where it keeps compiled modules for later
 * (`fsModuleCache`), it would read its own ones as bytes and end at the first error whose stack leads through one.
 */
export default async function startSharedProcesses(project) {
  const { default: sharedProcesses } = await tsImport("./shared-processes.ts", import.meta.url);
  return await sharedProcesses(project);
}
