import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { BrowserRouter, Navigate, Route, Routes } from "react-router";
import { ApiError } from "../protocol/error.ts";
import { Toaster } from "./components/toaster.tsx";
import { LanguageContext, useLanguageChoice } from "./language/language.ts";
import { noticeSignedOut, useSession } from "./state/session.ts";
import { NewTaskView } from "./views/new-task.tsx";
import { NotFound, Starting, Unreachable } from "./views/plain-pages.tsx";
import { Shell } from "./views/shell.tsx";
import { SignInView } from "./views/sign-in.tsx";
import { TaskView } from "./views/task.tsx";

const SettingsView = lazy(() =>
  import("./settings/settings-view.tsx").then((module) => ({ default: module.SettingsView })),
);

const signedOut = (error: unknown) => void noticeSignedOut(queries, error);

const queries = new QueryClient({
  queryCache: new QueryCache({ onError: signedOut }),
  mutationCache: new MutationCache({ onError: signedOut }),
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // What the server refused it refuses again; what it could not answer is worth another try.
      retry: (failures, error) => !(error instanceof ApiError && error.status < 500) && failures < 3,
    },
  },
});

/** The web app: the sign-in, or the tasks of whoever is signed in. */
export function App() {
  const language = useLanguageChoice();
  return (
    <LanguageContext value={language}>
      <QueryClientProvider client={queries}>
        <Gate />
        <Toaster />
      </QueryClientProvider>
    </LanguageContext>
  );
}

function Gate() {
  const session = useSession();
  if (session.isError) return <Unreachable onRetry={() => session.refetch()} />;
  if (!session.data) return <Starting />;
  if (!session.data.me) return <SignInView problem={session.data.problem} />;
  return (
    <BrowserRouter>
      <Routes>
        <Route element={<Shell me={session.data.me} />}>
          <Route index element={<NewTaskView />} />
          <Route path="new" element={<NewTaskView />} />
          <Route path="tasks/:taskId" element={<TaskView />} />
          <Route path="settings" element={<Navigate to="/settings/usage" replace />} />
          <Route
            path="settings/:section"
            element={
              <Suspense fallback={<Starting />}>
                <SettingsView />
              </Suspense>
            }
          />
          <Route path="*" element={<NotFound />} />
        </Route>
      </Routes>
    </BrowserRouter>
  );
}
