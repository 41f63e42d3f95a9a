/** The product's version, as brokers tell it to clients. Kept equal to package.json by a test. */
export const version = "0.1.0";
