/** Marks that say by their form what colour only repeats. */
export type Shape = "disc" | "ring" | "half" | "dots" | "square" | "cross" | "bars" | "triangle" | "split";
export type Tone = "accent" | "quiet" | "caution" | "damage";
