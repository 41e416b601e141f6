/** The opencode program on this machine: where it is, its version, its folders. Other rooms import it from here. */
export { runMark } from "./program/child-environment.js";
export type { McpServer } from "./program/compose-config.js";
export { configuredServers } from "./program/configured-servers.js";
export { findProcesses } from "./program/end-processes.js";
export { findOpenCodeLog, type LogIndexes } from "./program/find-log.js";
export {
  type FindOptions,
  findOpenCode,
  otherOpenCodes,
  pathOfOpenCode,
  searchOpenCode,
} from "./program/find-opencode.js";
export { findRipgrep } from "./program/find-ripgrep.js";
export { type Generation, generationOf } from "./program/generation.js";
export {
  generationOfProgram,
  KNOWN_VERSIONS,
  type OpenCodeProgram,
  readVersion,
  versionSupport,
} from "./program/opencode-version.js";
export { type OtherOpenCode, otherGeneration } from "./program/other-generation.js";
export { createRunFolder, LONGEST_LOG_BYTES, readBounded } from "./program/run-folder.js";
export type { ProcessExit, RunExit, StoppedBy } from "./program/spawn-opencode.js";
export { opencodeStore } from "./program/store-files.js";
export {
  installWirePlugin,
  uninstallWirePlugin,
  type WirePlugin,
  type WirePluginChange,
  wirePlugin,
} from "./program/wire-plugin.js";
export { SharedOpenCode, withOpenCode } from "./program/with-opencode.js";
