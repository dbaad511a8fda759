import { env } from "node:process";
import { Logger } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { AppModule } from "./app.module.ts";

const app = await NestFactory.create(AppModule);
// SIGTERM lets the requests under way end, then stops the services, then exits with 0.
app.enableShutdownHooks([], { useProcessExit: true });
await app.listen(env["PORT"] ?? 3000, "127.0.0.1");
Logger.log(`listening on ${await app.getUrl()}`, "main");
