/** The command line that does what a click does; from a checkout, where everyone can run it. */
export function cliLine(...words: readonly string[]): string {
  return ["npm run --silent understudy --", ...words.map(quoted)].join(" ");
}

function quoted(word: string): string {
  return /^[\w./:@%+,=-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
