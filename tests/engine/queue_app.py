"""A job queue over HTTP: one request accepts a job, others ask for its result."""

import asyncio
from uuid import uuid4

import fastapi
import modal

app = modal.App("job-queue")
executions = modal.Dict.from_name("executions", create_if_missing=True)
web_app = fastapi.FastAPI()


@app.function(max_containers=2)
@modal.concurrent(max_inputs=25)
async def double(number: int) -> int:
    """Notes each execution under a key of its own."""
    await executions.put.aio(uuid4().hex, modal.current_function_call_id())
    await asyncio.sleep(0.01)
    return 2 * number


@web_app.post("/submit")
async def submit(number: int) -> dict[str, str]:
    job = modal.Function.from_name("job-queue", "double")
    call = await job.spawn.aio(number)
    return {"call_id": call.object_id}


@web_app.get("/result/{call_id}")
async def result(call_id: str) -> fastapi.responses.JSONResponse:
    call = modal.FunctionCall.from_id(call_id)
    try:
        return fastapi.responses.JSONResponse({"result": await call.get.aio(timeout=0)})
    except (modal.exception.OutputExpiredError, modal.exception.NotFoundError):
        return fastapi.responses.JSONResponse({}, status_code=404)
    except TimeoutError:
        return fastapi.responses.JSONResponse({}, status_code=202)


@app.function(max_containers=1)
@modal.concurrent(max_inputs=100)
@modal.asgi_app()
def web() -> fastapi.FastAPI:
    return web_app
