/** A line for a candidate, with what it is behind a tab; lines that begin with a colon ask for paths. */
export const PATHS = { files: ":files", folders: ":folders" } as const;

/** The shells that there are scripts for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

const BASH = `# looptrace's completion for bash: source <(looptrace completion bash)
_looptrace_complete() {
  local IFS=$'\\n' line current=\${COMP_WORDS[COMP_CWORD]}
  local -a words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :files)
        compopt -o filenames 2>/dev/null
        COMPREPLY+=($(compgen -f -- "\${current#=}"))
        ;;
      :folders)
        compopt -o filenames 2>/dev/null
        COMPREPLY+=($(compgen -d -- "\${current#=}"))
        ;;
      ?*) COMPREPLY+=("\${line%%$'\\t'*}") ;;
    esac
  done < <(looptrace __complete -- "\${words[@]}" 2>/dev/null)
}
complete -F _looptrace_complete looptrace
`;

const ZSH = `#compdef looptrace
# looptrace's completion for zsh: source <(looptrace completion zsh), or as _looptrace in a folder of $fpath
_looptrace() {
  local line tab=$'\\t' paths=''
  local -a candidates
  for line in "\${(@f)$(looptrace __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    case $line in
      :files) paths=files ;;
      :folders) paths=folders ;;
      ?*) candidates+=("\${\${line%%$tab*}//:/\\\\:}:\${line#*$tab}") ;;
    esac
  done
  (( \${#candidates} )) && _describe -V looptrace candidates
  case $paths in
    files) _files ;;
    folders) _files -/ ;;
  esac
}
if [[ \${funcstack[1]} == _looptrace ]]; then
  _looptrace "$@"
else
  compdef _looptrace looptrace
fi
`;

const FISH = `# looptrace's completion for fish: looptrace completion fish | source
function __looptrace_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in (looptrace __complete -- $words[2..-1] "$current" 2>/dev/null)
        switch $line
            case ':files'
                __fish_complete_path "$current"
            case ':folders'
                __fish_complete_directories "$current"
            case '*'
                echo $line
        end
    end
end
complete -c looptrace -f -a '(__looptrace_complete)'
`;

/** What a shell reads to complete looptrace's command lines. */
export const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
