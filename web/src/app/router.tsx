import { createBrowserRouter, Navigate } from "react-router";
import { Crashed } from "../components/ErrorBoundary";
import { NotFound } from "../components/NotFound";
import { paths } from "./paths";
import { Shell } from "./Shell";

/** One chunk a page: it is fetched when the page is first opened. */
export const router = createBrowserRouter(
  [
    {
      path: "/",
      element: <Shell />,
      errorElement: <Crashed />,
      hydrateFallbackElement: <></>,
      children: [
        { index: true, element: <Navigate to={paths.getStarted} replace /> },
        { path: "get-started", lazy: () => import("../pages/get-started") },
        { path: "*", element: <NotFound /> },
      ],
    },
  ],
  { basename: "/console" },
);
