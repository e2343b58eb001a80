import RPCCore
import RPCServer

/// GraphQL over HTTP. https://graphql.github.io/graphql-over-http/draft/
extension GraphQLService {
  var routes: [HTTPRoute] {
    let service = self
    let options = options.methodOptions
    let main = [
      HTTPRoute(calling: "POST", self.options.path, options: options) { request, _, calls in
        await service.answer(toPost: request, calls)
      },
      HTTPRoute(calling: "GET", self.options.path, options: options) { request, _, calls in
        await service.answer(toGet: request, calls)
      },
    ]
    return main + (self.options.servesPage ? GraphQLPage(self.options).routes : [])
  }

  // MARK: Requests

  private func answer(toPost request: HTTPRequest, _ calls: LocalCalls) async -> HTTPResponse {
    guard let media = ResponseMedia(accept: request.header("accept")) else { return Self.notAcceptable }
    let type = (request.header("content-type") ?? "").split(separator: ";").first.map { $0.filter { $0 != " " } } ?? ""
    guard type.lowercased() == "application/json" else {
      return Self.malformed("The body must be application/json.", status: 415, media)
    }
    guard request.body.count <= options.limits.size else {
      return Self.malformed("The body has more than \(options.limits.size) bytes.", status: 413, media)
    }
    do throws(GraphQLRequest.Malformed) {
      return await answer(try GraphQLRequest(body: request.body), media, mayMutate: true, calls)
    } catch {
      return Self.malformed(error.message, status: 400, media)
    }
  }

  private func answer(toGet request: HTTPRequest, _ calls: LocalCalls) async -> HTTPResponse {
    let parameters = QueryParameters(request.query)
    let accept = request.header("accept")
    if options.servesPage, parameters["query"] == nil, ResponseMedia.wantsPage(accept) {
      return GraphQLPage(options).response
    }
    guard let media = ResponseMedia(accept: accept) else { return Self.notAcceptable }
    do throws(GraphQLRequest.Malformed) {
      return await answer(try GraphQLRequest(parameters: parameters), media, mayMutate: false, calls)
    } catch {
      return Self.malformed(error.message, status: 400, media)
    }
  }

  private func answer(
    _ request: GraphQLRequest, _ media: ResponseMedia, mayMutate: Bool, _ calls: LocalCalls
  ) async -> HTTPResponse {
    do throws(GraphQLRefusal) {
      let document = try contract.document(request.query)
      let operation = try document.operation(request.operationName)
      guard operation.kind != .mutation || mayMutate else {
        var response = Self.malformed("A mutation must be sent by POST.", status: 405, media)
        response.headers.append(("allow", "POST"))
        return response
      }
      guard operation.kind != .subscription || media == .events else {
        throw GraphQLRefusal(
          [GraphQLError(.operationUnknown, "A subscription is answered as text/event-stream: accept it.")],
          document.text)
      }
      let runner = OperationRunner(
        contract: contract, plan: try contract.plan(operation, in: document, request.variables),
        isMutation: operation.kind == .mutation, text: document.text, calls: calls)
      if operation.kind == .subscription { return EventStream.response(subscription: runner) }
      let body = await runner.run()
      return media == .events ? EventStream.response(body) : Self.response(200, media, body)
    } catch {
      // Who can't see an event stream's status gets the errors as an event.
      let body = ResponseDocument.refusal(error)
      if media == .events { return EventStream.response(body) }
      return Self.response(media == .json ? 200 : 400, media, body)
    }
  }

  // MARK: Responses

  private static func response(_ status: Int, _ media: ResponseMedia, _ body: [UInt8]) -> HTTPResponse {
    HTTPResponse(
      status,
      headers: [
        ("content-type", media.contentType), ("cache-control", "no-store"), ("vary", "accept"),
        ("x-content-type-options", "nosniff"),
      ], body: .bytes(body))
  }

  /// What is no request.
  private static func malformed(_ message: String, status: Int, _ media: ResponseMedia) -> HTTPResponse {
    let body = ResponseDocument.refusal(GraphQLRefusal([GraphQLError(.badInput, message)], []))
    return response(status, media == .events ? .json : media, body)
  }

  private static var notAcceptable: HTTPResponse {
    malformed(
      "Responses are application/graphql-response+json, application/json or text/event-stream.", status: 406, .json)
  }
}
