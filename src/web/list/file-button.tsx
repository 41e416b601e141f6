import { useRef } from "preact/hooks";

/** Chooses files of sessions, for those who cannot drag any. */
export function FileButton({ onFiles }: { readonly onFiles: (files: readonly File[]) => void }) {
  const field = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" title="A report or an export; or drag it here" onClick={() => field.current?.click()}>
        Open a file
      </button>
      <input
        type="file"
        class="unseen"
        tabIndex={-1}
        aria-label="A report or exports"
        multiple
        accept=".json,.jsonl,.html"
        ref={field}
        onChange={({ currentTarget }) => {
          onFiles([...(currentTarget.files ?? [])]);
          currentTarget.value = "";
        }}
      />
    </>
  );
}
