import { createContext } from "react";

/** The task's directory, for the links and images of its answers. */
export const DirectoryContext = createContext("");
