/**
 * The command line, straight from its TypeScript: Node strips the types itself.
 *
 * @param {readonly string[]} args
 * @returns {Promise<number>}
 */
export async function run(args) {
  const { main } = await import("../engine/cli/main.ts");
  return main(args);
}
