/** What loading a module costs that has nothing in it. */
export const nothing = undefined;
