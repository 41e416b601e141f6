import { ConfigurationError } from "../errors/configuration-error.js";
import { codeOf } from "../errors/thrown.js";

const WORDS: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EROFS: "the file system is read-only",
  EACCES: "permission denied",
  EPERM: "permission denied",
  ENOTDIR: "a part of the path is a file, not a folder",
  ENOENT: "it is not there, or a folder above it is not",
  EISDIR: "it is a folder",
  EEXIST: "a file stands where a folder should be",
  ENAMETOOLONG: "the name is too long",
  ELOOP: "it is a link that leads nowhere",
  EMFILE: "looptrace may open no more files (`ulimit -n`)",
  ENFILE: "the system may open no more files",
  EIO: "the disk gives errors",
};

/** Why a file could not be read or written, in words that are the same for each file of a folder. */
export function describeDiskFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof ConfigurationError) return error.message;
  const code = codeOf(error);
  return (code === undefined ? undefined : WORDS[code]) ?? code ?? error.message;
}
