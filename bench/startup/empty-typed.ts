// What Node itself takes for a TypeScript file.
export {}
