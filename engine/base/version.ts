import packageJson from "../../package.json" with { type: "json" };

/** The product's version, as package.json has it and clients are told it. */
export const { version } = packageJson;
