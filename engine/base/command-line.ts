/** A command as everybody can type it: from a checkout, through npm, which brings Node and the packages. */
export function commandLine(...words: readonly string[]): string {
  return ["npm run --silent understudy --", ...words.map(shellWord)].join(" ");
}

/** One word, whatever is in it, for a shell. */
export function shellWord(word: string): string {
  return /^[\w./:@%+,=-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
