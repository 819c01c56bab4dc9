/** Places where a command can stand; each runs it. */
export const nestings: ((command: string, level: number) => string)[] = [
  (command) => `bash -c ${quote(command)}`,
  (command) => `sh -c "${command.replace(/[\\"$`]/g, "\\$&")}"`,
  (command) => `sudo -u me env X=1 bash -ec ${quote(command)}`,
  (command) => `eval ${quote(command)}`,
  (command) => `bash <<< ${quote(command)}`,
  (command, level) => `bash <<'END${level}'\n${command}\nEND${level}`,
  (command, level) => `cat <<END${level}\n$(${command}\n)\nEND${level}`,
  (command) => `(${command}\n)`,
  (command) => `{ ${command}\n}`,
  (command) => `true && ${command}`,
  (command) => `true | ${command}`,
  (command) => `echo "前 $(${command}\n) 后"`,
  (command) => `x=$(${command}\n)`,
  (command) => `echo \`${command.replace(/[\\`$]/g, "\\$&")}\``,
  (command) => `if true; then ${command}\nfi`,
  (command) => `while ${command}\ndo break; done`,
  (command) => `for x in 一; do ${command}\ndone`,
  (command) => `case 甲 in 乙) ;; *) ${command}\n;; esac`,
  (command) => `f() { ${command}\n}; f`,
  (command) => `cat < <(${command}\n)`,
  (command) => `[[ -n $(${command}\n) ]]`,
  (command) => `echo \${x:-$(${command}\n)}`,
  (command) => `trap ${quote(command)} EXIT`,
  (command) => `find . -maxdepth 0 -exec sh -c ${quote(command)} \\;`,
  (command) => `echo 甲 | xargs timeout 5 bash -c ${quote(command)}`,
];

function quote(command: string): string {
  return `'${command.replaceAll("'", "'\\''")}'`;
}
