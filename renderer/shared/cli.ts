/** The command line that does what a click does. */
export { commandLine as cliLine } from "../../engine/base/command-line.ts";
